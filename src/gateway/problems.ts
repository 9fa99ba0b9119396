/** Answers for what goes wrong, in the form that suits the request. */

import { returnPath } from '../core/return-to.ts'
import { problem } from '../pages/problem.ts'
import type { ProblemCode } from '../pages/problem-code.ts'
import type { GatewayParts } from './parts.ts'
import { sendPage, type Visit } from './visit.ts'

export interface ProblemDetails {
  readonly retryAfter?: number
  readonly headers?: Readonly<Record<string, string>>
}

type ProblemVisit = Pick<Visit, 'request' | 'response' | 'id'> & Partial<Pick<Visit, 'target'>>

/** Sends the problem as a page or as problem+json (RFC 9457). Never touches a cookie. */
export function sendProblem(
  parts: Pick<GatewayParts, 'app' | 'site'>,
  visit: ProblemVisit,
  code: ProblemCode,
  details: ProblemDetails = {},
): void {
  const { site } = parts
  const { target } = visit
  const page = problem(
    {
      code,
      app: parts.app,
      base: site.base,
      secure: site.secure,
      acceptLanguage: visit.request.headers['accept-language'],
      requestId: visit.id,
      returnTo: target === undefined ? undefined : returnPath(target.path + target.query, site.base),
      retryAfter: details.retryAfter,
      ...(details.headers === undefined ? {} : { headers: details.headers }),
    },
    visit.request.headers,
  )
  sendPage(visit.response, page)
}
