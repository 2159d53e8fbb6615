'use strict';

var Encoding = require('dw/crypto/Encoding');
var LocalServiceRegistry = require('dw/svc/LocalServiceRegistry');
var Logger = require('dw/system/Logger');
var Mac = require('dw/crypto/Mac');
var Site = require('dw/system/Site');

/**
 * Tells the inventory gateway that something happened to an order. See README.md.
 *
 * It names the order and nothing else; the gateway reads it. Whatever goes wrong is logged and stops no checkout: the
 * gateway asks for changed orders from time to time anyway.
 *
 * @param {string} orderNo
 * @param {string} event 'order.created' or 'order.changed'
 */
exports.tell = function (orderNo, event) {
  try {
    var siteId = Site.current.ID;
    var now = Date.now();
    var timestamp = String(Math.floor(now / 1000));
    var body = JSON.stringify({ event: event, orderNo: String(orderNo), siteId: siteId });
    var service = LocalServiceRegistry.createService('inventory.gateway.' + siteId, {
      createRequest: function (svc) {
        var secret = svc.configuration.credential.password;
        var digest = new Mac(Mac.HMAC_SHA_256).digest(timestamp + '.' + body, secret);
        svc.setRequestMethod('POST');
        // Else the secret itself would go along as the password of the call.
        svc.setAuthentication('NONE');
        svc.addHeader('Content-Type', 'application/json');
        svc.addHeader('X-Gateway-Timestamp', timestamp);
        svc.addHeader('X-Gateway-Event-Id', [siteId, orderNo, event, now].join(':'));
        svc.addHeader('X-Gateway-Signature', 'sha256=' + Encoding.toHex(digest).toLowerCase());
        return body;
      },
      parseResponse: function (svc, client) {
        return client.statusCode;
      }
    });
    var result = service.call();
    if (!result.ok) {
      throw new Error(result.errorMessage || result.status);
    }
  } catch (error) {
    Logger.getLogger('inventory.gateway').warn('{0} was not told of: {1}', orderNo, error);
  }
};
