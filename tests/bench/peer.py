#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""peer.py PORT CLIENT-ID USER PASSWORD DATABASE PROTO: the peer in Python, with Debian's paho-mqtt, protobuf and sqlite3.

The library's thread receives and queues. This one takes all that has arrived, up to 3,000 submissions, stores it in one
transaction with unique ids (WAL, synchronous=FULL), and then answers each phone once. PROTO: the folder of turf_pb2.py.
"""
import queue
import sqlite3
import sys

import paho.mqtt.client as mqtt

port, client_id, user, password, database, proto = sys.argv[1:]
sys.path.insert(0, proto)
import turf_pb2 as turf  # noqa: E402

BATCH = 3000
arrived = queue.SimpleQueue()


def open_database():
    db = sqlite3.connect(database, isolation_level=None)
    for statement in (
        'PRAGMA journal_mode=WAL',
        'PRAGMA synchronous=FULL',
        'PRAGMA cache_size=-65536',
        'CREATE TABLE IF NOT EXISTS ids(day INTEGER, id BLOB, team TEXT, domain INTEGER, outcome INTEGER,'
        ' PRIMARY KEY(day, id)) WITHOUT ROWID',
    ):
        db.execute(statement)
    return db


def take_batch():
    batch = [arrived.get()]
    try:
        while len(batch) < BATCH:
            batch.append(arrived.get_nowait())
    except queue.Empty:
        pass
    return batch


def store(execute, message, receipts):
    submission = turf.Submission()
    submission.ParseFromString(message.payload)
    team = message.topic.rpartition('/')[2]
    receipt = receipts.setdefault(submission.receipt_to, turf.Receipt())
    for event in submission.events:
        question = event.question
        new = execute('INSERT OR IGNORE INTO ids VALUES(?, ?, ?, ?, ?)',
                      (event.day, event.id, team, question.domain, question.outcome)).rowcount
        receipt.results.add(id=event.id, verdict=turf.VERDICT_COUNTED if new else turf.VERDICT_ALREADY_COUNTED)


def main():
    db = open_database()
    client = mqtt.Client(client_id=client_id, clean_session=False)
    client.username_pw_set(user, password)
    client.on_message = lambda _client, _userdata, message: arrived.put(message)
    client.connect('127.0.0.1', int(port))
    client.loop_start()
    cursor = db.cursor()
    while True:
        receipts = {}
        batch = take_batch()
        cursor.execute('BEGIN IMMEDIATE')
        for message in batch:
            store(cursor.execute, message, receipts)
        cursor.execute('COMMIT')
        for phone, receipt in receipts.items():
            if phone:
                client.publish('turf/v1/bench/receipt/' + phone, receipt.SerializeToString())


main()
