"""What `check --deploy` finds on a desk that is not ready for people."""

from django.core.management import call_command
from django.core.management.base import SystemCheckError

from hitl_site import checks


class TestRunsInProduction:
    def test_finds_the_settings_of_a_demo(self, settings):
        settings.DEVELOPMENT = True
        (found,) = checks.runs_in_production()
        assert "development mode" in found.msg and "DEBUG=0" in found.hint

    def test_is_content_with_those_of_production(self, settings):
        settings.DEVELOPMENT = False
        assert checks.runs_in_production() == []

    def test_is_asked_before_a_deployment(self, settings):
        settings.DEVELOPMENT = True
        try:
            call_command("check", deploy=True)
        except SystemCheckError as error:
            assert "hitl_site.E001" in str(error)
        else:
            raise AssertionError("check --deploy was content with a desk in development mode")


class TestStaticFilesAreCollected:
    def test_names_the_folder_that_lacks_them_and_what_to_run(self, settings, tmp_path):
        settings.STATIC_ROOT = str(tmp_path)
        (found,) = checks.static_files_are_collected()
        assert str(tmp_path) in found.msg and "collectstatic" in found.hint

    def test_is_content_where_they_are(self, settings, tmp_path):
        (tmp_path / "staticfiles.json").write_text("{}")
        settings.STATIC_ROOT = str(tmp_path)
        assert checks.static_files_are_collected() == []

    def test_asks_for_none_where_they_come_from_the_source(self, settings):
        settings.STATIC_ROOT = None
        assert checks.static_files_are_collected() == []
