"""Marks of services whose links are to be worked out again: incidents and failures too, not only history."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("metrics", "0003_owners")]

    operations = [migrations.RenameModel(old_name="DirtyHistory", new_name="DirtyLinks")]
