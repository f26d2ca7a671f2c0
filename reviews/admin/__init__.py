"""The stock admin: people, groups, queues and seats may be edited, what the house did may only be read."""

from django.contrib import admin

from reviews.admin import history, people, work

__all__ = ["history", "people", "work"]

admin.site.site_header = admin.site.site_title = "Foureyes administration"
admin.site.site_url = None  # the way back to the desk has its own name and place in the template
