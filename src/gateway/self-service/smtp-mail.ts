/** Handing mail to a server. */
import type { Transporter } from 'nodemailer'
import { type MailConfig, readFrom } from '../config-self-service.ts'
import { MailRefused, type SendMail } from './mail-queue.ts'

const limits = {
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
  dnsTimeout: 5_000,
}

/** By SMTP, over TLS wherever it leaves this machine. The library is loaded with the first mail. */
export function smtpMail(config: MailConfig): SendMail {
  const from = readFrom(config.from) ?? { name: '', address: '' }
  let opened: Promise<Transporter> | null = null

  return async ({ to, subject, text }) => {
    opened ??= open(config)
    const transport = await opened
    try {
      await transport.sendMail({
        from,
        // As an object: of a text, a comma would make two.
        to: { name: '', address: to },
        subject,
        text,
        // RFC 3834: who is away must not answer.
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    } catch (error) {
      throw withoutText(error)
    }
  }
}

async function open({ url, password }: MailConfig): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  const secure = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const local = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)
  const user = decodeURIComponent(url.username)
  return createTransport({
    ...{ host, secure, ...limits },
    port: Number(url.port || (secure ? 465 : 587)),
    // SECURITY: a link in the clear is a password in the clear; whoever is in between could take the offer of TLS away.
    requireTLS: !secure && !local,
    ignoreTLS: !secure && local,
    tls: { minVersion: 'TLSv1.2' },
    ...(user === '' ? {} : { auth: { user, pass: password ?? '' } }),
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

interface SmtpError {
  readonly code?: unknown
  readonly responseCode?: unknown
}

/** What went wrong, in codes alone: what servers answer names people. */
function withoutText(error: unknown): Error {
  const { code, responseCode } = (error ?? {}) as SmtpError
  const text = ['The mail server did not take a mail', code, responseCode].filter(isShown).join(' ')
  return typeof responseCode === 'number' && responseCode >= 500 ? new MailRefused(text) : new Error(text)
}

function isShown(part: unknown): boolean {
  return typeof part === 'number' || (typeof part === 'string' && part.length < 60)
}
