'use strict';

var inventoryGateway = require('*/cartridge/scripts/inventoryGateway');

/**
 * Orders of the Shop API and of headless storefronts. This hook runs after the order has been stored; in `afterPOST` an
 * error would undo the order.
 */
exports.modifyPOSTResponse = function (order) {
  inventoryGateway.tell(order.orderNo, 'order.created');
};
