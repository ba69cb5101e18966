"""nbgrader in every server of the hub: which course, where its exchange is, and how work is put there."""

import sys
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[2]
sys.path.append(str(PROGRAMS))

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "course"
c.Exchange.root = str(PROGRAMS.parent / "exchange")
c.ExchangeFactory.submit = "hub_exchange.Submit"
