/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A broker inside the test, with an aggregator behind it that counts and answers at once: takes the place of what
 * mqtt_async.h offers to libturf.
 *
 * A call can fail in two ways: it says so; or it seems to have worked, and then the connection is lost, so that nobody
 * hears the answer.
 */
#ifndef TURF_TESTS_FAULT_LIB_PHONE_BROKER_H
#define TURF_TESTS_FAULT_LIB_PHONE_BROKER_H

#include <stdbool.h>

#include "broker-client/libturf/turf.h"

enum known_state { KNOWN_NOT, KNOWN_COUNTED, KNOWN_REFUSED, KNOWN_RETRACTED };

/* The aggregator has never heard of anything. Its date is 20 days, which is its retract_days, after 2019-11-15. It
 * refuses every team but "oost" and "west"; the broker lets nothing of "noord" through, and says nothing of that. */
void phone_broker_reset(void);

/* An older backup is brought back: everything is forgotten, and the status has a new epoch. */
void phone_broker_restore_backup(void);

/* A backup of all that was counted is: the status has a new epoch, and nothing is forgotten. */
void phone_broker_restore_newest(void);

/* While it is dumb it counts and says nothing of that. */
void phone_broker_be_dumb(bool dumb);

/* How many submissions have come. */
unsigned phone_broker_submissions(void);

/* The status goes out once more, to whoever is connected. */
void phone_broker_tell_status(void);

/* The catalogue, the status and the figures of 2019-Q4 go out once more, to whoever is connected. */
void phone_broker_publish(void);

/* What the aggregator knows of this tap. */
enum known_state phone_broker_known(const struct turf_id *id);

/* A question came with another content than before. */
bool phone_broker_was_lied_to(void);

#endif
