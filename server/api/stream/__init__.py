"""The live stream: server-sent events of the queue and the boxes, each client's own part, resumed by cursor.

| file | what | kind |
|---|---|---|
| `cursor.py` | up to where a client knows everything: as text, and back | pure |
| `frames.py` | events as bytes | pure |
| `mirror.py` | what stands in the queue and how the boxes are, in memory | pure |
| `fan.py` | who is told what: groups of equal view, a bounded inbox for each client | pure |
| `hub.py` | reads news in a thread, hands it to the fan, wakes the clients, asks for their rights again | shell |
| `response.py` | one client's connection | shell |
| `sockets.py` | the listening socket and the limit of open files | shell |
"""
