import { random, toBase64url } from '../core/crypto.ts'
import type { Html } from './html.ts'

/** An answer of ours, whole: the gateway writes it out, and adds its own Set-Cookie where there is one. */
export interface Page {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What every page needs to know of the place it is shown in. */
export interface PageContext {
  /** The app's name as people know it. */
  readonly app: string
  /** The path the public URL carries, without a slash at its end: `''` or `/tool`. */
  readonly base: string
  /** Whether the browser came by https. */
  readonly secure: boolean
  /** The request's `Accept-Language`. */
  readonly acceptLanguage?: string | undefined
}

export interface PageOptions {
  readonly status: number
  readonly secure: boolean
  /** Whether the page posts a form. */
  readonly form: boolean
  /** Another origin that answering the form may lead to: browsers hold `form-action` against redirects too. */
  readonly formLeadsTo?: string | undefined
  /** Whether it shows an image of ours. @default false */
  readonly image?: boolean
  /** Whether it has a script of ours, which has to carry the nonce. @default false */
  readonly script?: boolean
  /** The document; the nonce is the only one its style may carry. */
  document(nonce: string): Html
  readonly headers?: Readonly<Record<string, string>>
}

const hsts = 'max-age=31536000'

const common: Readonly<Record<string, string>> = {
  // Deceived or shared caches keep nothing of ours, whatever the path ends in.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
}

function transport(secure: boolean): Readonly<Record<string, string>> {
  return secure ? { 'strict-transport-security': hsts } : {}
}

/** A page with the headers that let it do nothing but be read and send its own form. */
export function pageResponse(options: PageOptions): Page {
  const nonce = toBase64url(random(16))
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(options.script === true ? [`script-src 'nonce-${nonce}'`] : []),
    // For the icon, which would otherwise be fetched from the app.
    `img-src data:${options.image === true ? " 'self'" : ''}`,
    `form-action 'self'${options.formLeadsTo === undefined ? '' : ` ${options.formLeadsTo}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return {
    status: options.status,
    headers: {
      ...common,
      ...transport(options.secure),
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      // Under `no-referrer` a browser posts forms with `Origin: null`, and the check of the origin would refuse them.
      'referrer-policy': options.form ? 'same-origin' : 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
      ...options.headers,
    },
    body: String(options.document(nonce)),
  }
}

/** Problem details (RFC 9457) with headers that keep a browser from taking them for anything else. */
export function problemResponse(
  status: number,
  secure: boolean,
  problem: Readonly<Record<string, string | number>>,
  headers: Readonly<Record<string, string>>,
): Page {
  return {
    status,
    headers: {
      ...common,
      ...transport(secure),
      'content-type': 'application/problem+json',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'referrer-policy': 'no-referrer',
      ...headers,
    },
    body: JSON.stringify(problem),
  }
}
