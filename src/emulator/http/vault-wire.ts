import { type Exchange, type Refusal, type Wire, write } from './wire.ts';

/** Answers of a vault. */
export const vaultWire: Wire = {
  unauthorized(exchange, refusal) {
    const body = { error: { code: 'Unauthorized', message: sentence(refusal) } };
    return write({ status: 401, body }, { ...headers(exchange), 'WWW-Authenticate': refusal.challenge });
  },

  answer(exchange, answer) {
    const { 'Content-Type': contentType, ...others } = headers(exchange);
    return write(answer, answer.status === 204 ? others : { ...others, 'Content-Type': contentType });
  },

  error(exchange, { status, code, message, inner }) {
    return write({ status, body: { error: { code, message, ...(inner ? { innererror: { code: inner } } : {}) } } }, headers(exchange));
  },
};

function sentence({ problem, expected, found }: Refusal): string {
  switch (problem) {
    case 'missing':
      return 'AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token.';
    case 'issuer':
      return `AKV10032: Invalid issuer. Expected one of ${expected}, found ${found}.`;
    case 'audience':
      return `AKV10022: Invalid audience. Expected ${expected}, found: ${found}.`;
    case 'signature':
      return 'AKV10046: Unable to resolve the key used for signature validation.';
    case 'expired':
      return 'Error validating token: the token is expired.';
    case 'malformed':
      return 'Error validating token: it is not a token of this tenant.';
  }
}

const headers = ({ request, requestId, nowMs }: Exchange) => {
  const clientRequestId = request.header('x-ms-client-request-id');
  return {
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
    'Content-Type': 'application/json; charset=utf-8',
    Expires: '-1',
    Date: new Date(nowMs).toUTCString(),
    'Strict-Transport-Security': 'max-age=31536000;includeSubDomains',
    'X-Content-Type-Options': 'nosniff',
    ...(clientRequestId ? { 'x-ms-client-request-id': clientRequestId } : {}),
    'x-ms-request-id': requestId,
    'x-ms-keyvault-region': 'emulator',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;',
    'x-ms-keyvault-service-version': '1.9.3070.2',
  };
};
