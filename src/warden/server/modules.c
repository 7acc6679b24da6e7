/* SPDX-License-Identifier: MIT */
/* The parts of warden, in the order of their start. */
#include "warden/server/network.h"
#include "warden/server/sandbox.h"
#include "warden/server/serve.h"

const struct module *const warden_modules[] = {
    &pipes_module,
    &network_module,
    &volume_module,
    &sandbox_module,
};
const size_t warden_n_modules = sizeof warden_modules / sizeof *warden_modules;
