"""Who may see and do what. Pure: rights are data (`roles`), asked at one gate (`gate`), answered as a `Scope`.

| file | what |
|---|---|
| `roles.py` | Role, Right, and the table that says which role has which right over what |
| `caller.py` | Grant, Caller: somebody who is logged in, with the grants of the moment |
| `scope.py` | Scope: the part of the tree and the companies over which a right holds |
| `gate.py` | `scope_of`, `rights_of`: the one place where a right is decided |
"""
