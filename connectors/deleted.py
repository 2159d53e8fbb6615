"""Orders that were deleted, at platforms that only answer that there is nothing."""

from connectors.exchange import Response
from connectors.messages import MessageKind, OrderEvent, OrderStage
from connectors.polling import answered_at


def deleted_order(order_id: str, answer: Response) -> OrderEvent | None:
    """The order gives back all that it held; None where the platform does not say when it looked."""
    if (at := answered_at(answer)) is None:
        return None
    return OrderEvent(
        order_id=order_id,
        kind=MessageKind.ORDER_DELETED,
        occurred_at=at,
        stage=OrderStage.DELETED,
        status="deleted",
        lines=(),
    )
