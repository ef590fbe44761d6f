"""plants.py - the bugs that plant.py plants: small edits that a tired programmer might make.

Each is (name, file, kind, what stands there, what it becomes). Kinds: "expr", an expression becomes another one; "stmt",
whole statements become others, or nothing; "raw", text becomes text in which $P says whether the bug is awake.
"""

from plants_fanout import FANOUT
from plants_line import LINE
from plants_meet import MEET
from plants_rest import REST
from plants_watch import WATCH

PLANTS = FANOUT + MEET + LINE + REST + WATCH
