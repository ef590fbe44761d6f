// desktop_settings.hpp - what a desktop downloads at start: OnGlobalSettingsDownloadConf.
//
// Shape    ECC, Grid, IPCCSilentMonitor, Login, ScreenPreferences, SoundPreferences as nested arrays, with defaults for
//          every documented key; LineConfig::desktop_settings puts values beside or over them. Unknown top-level keys
//          reach clients as empty arrays, as CTI OS does.
// Bounds   the limits of Arguments; what does not fit is left out.
// Source   CTI OS system manager guide, "EnterpriseDesktopSettings\All Desktops".
#pragma once

#include "broker/meet/line_config.hpp"
#include "wire/arguments.hpp"

namespace cti::broker {

wire::Arguments make_desktop_settings(const LineConfig& config);

}  // namespace cti::broker
