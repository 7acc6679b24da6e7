/* SPDX-License-Identifier: MIT */
/* The tree under /opt/ml that a container finds (AWS: "How Amazon SageMaker provides training information"). */
#ifndef BARMKIN_RUNTIMES_AGENT_LAYOUT_H
#define BARMKIN_RUNTIMES_AGENT_LAYOUT_H
#include "runtimes/agent/order.h"

/* Folders and, for training, input/config/{hyperparameters,resourceconfig,inputdataconfig}.json. */
res layout_make(int root, const struct order *o, struct err *e);
/* .barmkin/start, which sandbox-init reads (runtimes/init): argv and environment, checked again for NULs and sizes.
 * Adds PATH and the CA's variables where the order leaves them out. Writes it last: it says that the tree is whole. */
res layout_start(int root, const struct order *o, struct err *e);

#endif
