/**
 * Tells the inventory gateway that an order, or something that belongs to one, was saved. See README.md.
 *
 * It names the record and nothing else: it runs with the rights and in the time zone of whoever saved it. An error is
 * logged and never shown to that person; the gateway asks NetSuite for changed orders from time to time anyway.
 *
 * @NApiVersion 2.1
 * @NScriptType UserEventScript
 */
define(['N/https', 'N/crypto', 'N/encode', 'N/runtime', 'N/log'], (https, crypto, encode, runtime, log) => {
  const SECRET = 'custsecret_inventory_gateway';
  const ADDRESS = 'custscript_inventory_gateway_url';

  // With "xedit" the new record holds only what was changed.
  const valueOf = (context, fieldId) =>
    [context.newRecord, context.oldRecord].map((saved) => saved && saved.getValue({ fieldId })).find(Boolean) || null;

  const signature = (signed) => {
    const key = crypto.createSecretKey({ secret: SECRET, encoding: encode.Encoding.UTF_8 });
    const hmac = crypto.createHmac({ algorithm: crypto.HashAlg.SHA256, key });
    hmac.update({ input: signed, inputEncoding: encode.Encoding.UTF_8 });
    return 'sha256=' + hmac.digest({ outputEncoding: encode.Encoding.HEX }).toLowerCase();
  };

  const afterSubmit = (context) => {
    try {
      const saved = context.newRecord || context.oldRecord;
      const createdFrom = valueOf(context, 'createdfrom');
      const body = JSON.stringify({
        record: String(saved.type),
        happened: String(context.type),
        id: String(saved.id),
        createdfrom: createdFrom && String(createdFrom),
      });
      const now = Date.now();
      const timestamp = String(Math.floor(now / 1000));
      https.post({
        url: runtime.getCurrentScript().getParameter({ name: ADDRESS }),
        body,
        headers: {
          'Content-Type': 'application/json',
          'X-Gateway-Timestamp': timestamp,
          'X-Gateway-Event-Id': [runtime.accountId, saved.type, saved.id, context.type, now].join(':'),
          'X-Gateway-Signature': signature(timestamp + '.' + body),
        },
      });
    } catch (error) {
      log.error({ title: 'inventory gateway', details: error });
    }
  };

  return { afterSubmit };
});
