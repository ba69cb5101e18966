"""What the course needs of a JupyterHub that already lets its people in: the class, least rights, settings of servers, the service that grades.

jupyterhub_config.py beside this file uses it, and so can the configuration of another JupyterHub on the same machine.
"""

from hub_settings import COURSE

SERVICE = f"!service={COURSE}"
SECONDS = 120       # in which the service that grades has to answer when the hub starts; without an answer the hub ends
INSTRUCTOR = [f"access:services{SERVICE}", f"list:services{SERVICE}", f"read:services{SERVICE}"]


def configure(c, hub):
    """Sets `c` for the course of a hub (hub_settings.Hub)."""
    # nbgrader's own names for the two sides of a course: what it lists is read from them. JupyterHub adds to groups and takes nobody out,
    # so rights are given by name: it makes a role's list of users exactly what stands here, at each start.
    c.JupyterHub.load_groups = {
        f"nbgrader-{COURSE}": {"users": list(hub.students)},
        f"formgrade-{COURSE}": {"users": list(hub.instructors)},
    }
    # Students have JupyterHub's own rights: their server, and to say who they are. Instructors may besides open the service that grades
    # and find its address. That service may do nothing at the hub.
    c.JupyterHub.load_roles.append({"name": "instructor", "users": list(hub.instructors), "groups": [], "scopes": INSTRUCTOR})
    c.JupyterHub.services.append(grading(hub) | patience())
    c.Spawner.cmd = hub.server()
    c.Spawner.default_url = "/lab"
    c.Spawner.server_token_scopes = lambda spawner: token_scopes(spawner.user.name in hub.instructors)
    c.Spawner.environment.update({
        "PATH": hub.path(),
        "JUPYTER_CONFIG_PATH": lambda spawner: hub.servers("instructor" if spawner.user.name in hub.instructors else "student"),
        **({"LABKIT_GPU_MEMORY": hub.gpu_memory} if hub.gpu_memory else {}),
    })


def patience():
    """What makes the hub wait so long, on a busy machine or one that has just started: a setting of the service since JupyterHub 6.

    JupyterHub 5 asks ten times, each time for a second, whatever is set. Here it asks as often, and longer.
    """
    from jupyterhub import version_info
    from jupyterhub.objects import Server

    if version_info >= (6,):
        return {"timeout": SECONDS}
    once = Server.wait_up
    Server.wait_up = lambda self, timeout=10, *args, **how: once(self, max(timeout, SECONDS / 10), *args, **how)
    return {}


def token_scopes(instructor):
    """What a person's server may do at the hub: report that it is used, and ask nbgrader's question, which courses its user is in."""
    return ["users:activity!user", "access:servers!server", "read:users:groups!user", *(INSTRUCTOR[1:] if instructor else [])]


def grading(hub):
    """The service that grades runs as an account of its own. It opens with formgrader in the browser tab itself: hub_formgrader.py says why."""
    return {
        "name": COURSE,
        "url": f"http://127.0.0.1:{hub.grading_port}",
        "user": hub.account,
        "cwd": str(hub.course),
        "command": hub.ending_with_it(*hub.server()),
        "environment": {**hub.graders_environment(), "JUPYTERHUB_DEFAULT_URL": "/formgrader"},
        "oauth_no_confirm": True,
    }
