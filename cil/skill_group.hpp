// skill_group.hpp - CSkillGroup: made by the first statistics event of that group.
#pragma once

#include "cil/object.hpp"

namespace cti::cil {

class CSkillGroup : public CCtiOsObject {
 public:
  int EnableSkillGroupStatistics(const Arguments& args = no_arguments());
  int DisableSkillGroupStatistics(const Arguments& args = no_arguments());

 protected:
  friend class detail::Objects;
  CSkillGroup() = default;
  ~CSkillGroup() override = default;
};

}  // namespace cti::cil
