"""Who may see and do what: the only place that knows."""

from reviews.access.acting import (
    can_work_in,
    can_work_on,
    has_seat,
    managed_queues,
    manages,
    require_manager,
    require_operator,
    require_reviewer,
    works_on,
)
from reviews.access.blind_votes import (
    SOMEBODY,
    blind,
    blind_to,
    masked,
    visible_decisions,
)
from reviews.access.policies import (
    is_second_person,
    require_policy_writer,
    sees_policies,
    visible_policies,
    writes_policies,
)
from reviews.access.readers import (
    Listed,
    readers,
)
from reviews.access.roles import (
    ADMIN,
    AUDITOR,
    MANAGER,
    REVIEWER,
    ROLES,
    admins,
    ensure_roles,
    has_role,
    overseers,
    sees_audit,
    sees_everything,
    sees_status,
)
from reviews.access.seeing import (
    AFTERWARDS,
    queues_of,
    visible_interventions,
    visible_queues,
    visible_runs,
)
from reviews.access.sight import (
    Sight,
    sights,
)

__all__ = [
    "ADMIN",
    "AFTERWARDS",
    "AUDITOR",
    "Listed",
    "MANAGER",
    "REVIEWER",
    "ROLES",
    "SOMEBODY",
    "Sight",
    "admins",
    "blind",
    "blind_to",
    "can_work_in",
    "can_work_on",
    "ensure_roles",
    "has_role",
    "has_seat",
    "is_second_person",
    "managed_queues",
    "manages",
    "masked",
    "overseers",
    "queues_of",
    "readers",
    "require_manager",
    "require_operator",
    "require_policy_writer",
    "require_reviewer",
    "sees_audit",
    "sees_everything",
    "sees_policies",
    "sees_status",
    "sights",
    "visible_decisions",
    "visible_interventions",
    "visible_policies",
    "visible_queues",
    "visible_runs",
    "works_on",
    "writes_policies",
]
