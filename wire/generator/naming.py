"""naming.py - how the guide's names become names of C++."""
import re


def snake(name):
    """MonitorID -> monitor_id, ICMAgentID -> icm_agent_id, MRDID -> mrdid, ANI_II -> ani_ii, NumMRDs -> num_mrds."""
    name = re.sub(r'([A-Z]{2,})s(?=$|[A-Z])', lambda m: m.group(1).capitalize() + 's', name)
    name = re.sub(r'(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_', name)
    return re.sub(r'_+', '_', name).lower()


def pascal(name):
    """AGENT_STATE_EVENT -> AgentStateEvent; also from snake_case."""
    return ''.join(word[:1].upper() + word[1:].lower() for word in name.split('_'))


def constant(name):
    return 'k' + pascal(name)


def singular(group):
    """Name of one entry of a list: parties -> party, mrds -> mrd, cti_clients -> cti_client."""
    return group[:-3] + 'y' if group.endswith('ies') else group[:-1]


def strip_prefix(name, prefixes):
    for prefix in sorted(prefixes, key=len, reverse=True):
        if name.startswith(prefix):
            return name[len(prefix):]
    return name
