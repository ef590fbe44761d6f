// skill_group.cpp - what is asked for a skill group: its statistics.
#include "cil/skill_group.hpp"

#include "cil/detail/engine/session_core.hpp"

namespace cti::cil {

int CSkillGroup::EnableSkillGroupStatistics(const Arguments& args) {
  if (!detail::works(wire::RequestId::eEnableSkillGroupStatisticsRequest))
    return E_CTIOS_METHOD_NO_IMPLEMENTED;
  const auto session = core();
  if (!session) return E_CTIOS_INVALID_SESSION;
  return session->submit_to(object_id(), wire::RequestId::eEnableSkillGroupStatisticsRequest,
                            args);
}

int CSkillGroup::DisableSkillGroupStatistics(const Arguments& args) {
  if (!detail::works(wire::RequestId::eDisableSkillGroupStatisticsRequest))
    return E_CTIOS_METHOD_NO_IMPLEMENTED;
  const auto session = core();
  if (!session) return E_CTIOS_INVALID_SESSION;
  return session->submit_to(object_id(), wire::RequestId::eDisableSkillGroupStatisticsRequest,
                            args);
}

}  // namespace cti::cil
