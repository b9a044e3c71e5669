"""What `server.people` answers as the shapes on the wire, and requests as what it takes."""

from server.api.ports import Looking
from server.api.schemas.session import ScopePlace
from server.api.shown import path
from server.rights.scope import Scope


def scope_places(look: Looking, scope: Scope) -> list[ScopePlace]:
    """The places where a scope begins: granted ones, compounds of companies, or the tops of the tree."""
    rows = [] if scope.empty else look.scope_places(scope)
    return [ScopePlace(**{**row, "path": path(row["path"])}) for row in rows]
