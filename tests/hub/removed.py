"""Runs in a hub's own Python: what its configuration makes of its database, for each class in turn. Says it as JSON.

    python removed.py CONFIGURATION HUB.TOML CLASS...      CLASS as text for hub.toml
"""

import asyncio
import json
import sys
from pathlib import Path

from jupyterhub import orm, scopes
from jupyterhub.app import JupyterHub


async def begun(configuration):
    """{name: [may log in, cookies and tokens from before are taken, may open the service that grades]} of a hub that begins anew."""
    JupyterHub.clear_instance()
    hub = JupyterHub.instance(log_level="CRITICAL")
    await hub.initialize(["-f", configuration])
    said = {}
    for user in hub.db.query(orm.User):
        stays = await hub.authenticator.refresh_user(hub.users[user]) or not hub.authenticator.auth_refresh_strict
        said[user.name] = [bool(hub.authenticator.check_allowed(user.name, {"name": user.name})), stays,
                           "access:services!service=course" in scopes.get_scopes_for(user)]
    hub.db.close()
    return said


def main(configuration, settings, *classes):
    said = []
    for one in classes:
        Path(settings).write_text(one)
        said.append(asyncio.run(begun(configuration)))
    print(json.dumps(said))


main(*sys.argv[1:])
