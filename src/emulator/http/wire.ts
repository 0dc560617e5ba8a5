import type { TokenProblem } from '../identity/tokens.ts';
import type { ServiceAnswer, ServiceError } from '../service.ts';
import type { HttpAnswer } from './listener.ts';
import type { HttpRequest } from './request.ts';

/** One exchange with an HSM or a vault, as the wire format needs it. */
export type Exchange = Readonly<{ request: HttpRequest; requestId: string; startedAtMs: number; nowMs: number }>;

/** Why a request got 401. `expected` is what the token should have had. */
export type Refusal = Readonly<{ problem: TokenProblem; challenge: string; expected?: string; found?: string }>;

/** How one kind of service writes its answers: headers and error bodies. */
export interface Wire {
  unauthorized(exchange: Exchange, refusal: Refusal): HttpAnswer;
  answer(exchange: Exchange, answer: ServiceAnswer, part: ServicePart): HttpAnswer;
  error(exchange: Exchange, error: ServiceError): HttpAnswer;
}

/** A managed HSM's backup service is a process of its own, with headers of its own. */
export type ServicePart = 'frontEnd' | 'backup';

/** Serialises an answer; `headers` of the answer win over those of the wire. */
export function write(answer: ServiceAnswer, headers: Readonly<Record<string, string>>): HttpAnswer {
  const all = { ...headers, ...answer.headers };
  return answer.body === undefined
    ? { status: answer.status, headers: all }
    : { status: answer.status, headers: all, body: typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body) };
}
