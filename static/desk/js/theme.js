// Runs before the first paint, so it is small, classic and blocking: puts the reader's stored choices on <html>.
(() => {
  const stored = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // storage may be switched off
    }
  };
  const { dataset } = document.documentElement;
  const theme = stored("theme");
  if (theme === "light" || theme === "dark") dataset.theme = theme;
  if (stored("keys") === "off") dataset.keys = "off";
})();
