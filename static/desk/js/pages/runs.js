// What a reader has unfolded on a run's page stays unfolded when the live line brings the steps anew.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.localName === "details");
