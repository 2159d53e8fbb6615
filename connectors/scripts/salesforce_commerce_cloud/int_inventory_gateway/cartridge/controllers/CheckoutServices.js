'use strict';

var server = require('server');

server.extend(module.superModule);

/** The storefront reference architecture (SFRA) places its orders here, where no hook is called. */
server.append('PlaceOrder', function (req, res, next) {
  var placed = res.getViewData();
  if (placed.orderID && !placed.error) {
    require('*/cartridge/scripts/inventoryGateway').tell(placed.orderID, 'order.created');
  }
  return next();
});

module.exports = server.exports();
