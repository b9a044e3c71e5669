INSERT INTO quarantine (topic, box, epoch, lane, seq, code, detail, payload, sha256)
VALUES (%(topic)s, %(box)s, %(epoch)s, %(lane)s, %(seq)s, %(code)s, %(detail)s, %(payload)s, %(sha256)s)
ON CONFLICT ON CONSTRAINT quarantine_once DO NOTHING
