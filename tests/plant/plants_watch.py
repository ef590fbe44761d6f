"""plants_watch.py - bugs in who watches whom: what a line keeps, what its reactors hold, what the client library makes of it.
See plants.py."""

WATCHES = "broker/requests/watches.cpp"
TEAM = "broker/requests/request_team.cpp"
ASKS = "broker/line_core_asks.cpp"
EDGES = "broker/fanout/subscription.hpp"
LINES = "broker/fanout/fanout_lines.cpp"
MODES = "broker/fanout/fanout_modes.cpp"
ENDS = "broker/fanout/fanout_end.cpp"
MONITORED = "cil/detail/engine/monitored.cpp"
CIL_MODES = "cil/detail/engine/modes.cpp"

WATCH = [
    ("a session's end leaves its watches", ASKS, "stmt", "watches_.session_gone(session);", ""),
    ("what a refused mode watches is kept", ASKS, "stmt", "watches_.not_begun(ask.from);", ""),
    ("a team is watched that the supervisor does not lead", WATCHES, "expr",
     "me.teams.leads(team) && agent.teams.has(team)", "agent.teams.has(team)"),
    ("who logs out goes on watching", WATCHES, "expr", "row.was_in && !in", "false"),
    ("who finds no room keeps those whom it may not watch", WATCHES, "expr",
     "!row.edges.contains(edge.first)", "false"),
    ("that another agent takes the place of the first is not told", WATCHES, "stmt",
     "if (!ended.empty()) row.ended.swap(ended);", ""),
    ("places for buttons that have not come to be are kept", WATCHES, "expr",
     "found != watches.focus_.end() && found->second == 0", "false"),
    ("a list of members has no end", WATCHES, "stmt", "if (wish.members) tell_members_end(row);", ""),
    ("a supervisor is listened to unasked", TEAM, "expr",
     "listens && agent->supervisor && !parts_.watches.may_be_monitored(agent->key)", "false"),
    ("a watch counts before its snapshot", EDGES, "stmt", "edges_[edge].topics &= topics;",
     "edges_[edge].topics = topics;"),
    ("a watch that ends stays", EDGES, "stmt", "if (edge != kNone) drop(edge);", ""),
    ("who is being closed goes on watching", ENDS, "stmt", "agents_.end_watches(slot);", ""),
    ("images of many lie in the lanes", WATCHES, "expr", "edges.size() <= kEdgesWithImage", "true"),
    ("what is of one agent's mode is told in any", LINES, "expr",
     "tell.agent_key != 0 && tell.agent_key != sessions_[slot].detail->agent_key", "false"),
    ("who watched others there resumes as if it had not", MODES, "expr",
     "detail.watched_before || !tell.edges.empty()", "!tell.edges.empty()"),
    ("who left a team during a failover is not told", MONITORED, "stmt",
     "tell(eNewAgentTeamMember, member.told);", ""),
    ("every member has been heard of since the failover", CIL_MODES, "stmt",
     "for (auto& [id, member] : members_) member.heard = false;", ""),
]
