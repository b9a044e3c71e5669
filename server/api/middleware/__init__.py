"""What every request passes before the routes, as plain ASGI: nothing here holds back a stream.

| file | what |
|---|---|
| `proxies.py` | the client's address and scheme, as trusted proxies say |
| `requests.py` | a request id, a line in the log, and an answer when everything else failed |
| `headers.py` | secure headers on every answer |
| `hosts.py` | names that this server answers to, and pages that may change something |
| `rates.py` | how often one address and one account may ask |
| `bodies.py` | how large and how slow a body may be |
"""
