/** A real SMTP server that keeps what it is handed. */
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll, expect, onTestFinished } from 'vitest'

export interface ReceivedMail {
  readonly to: readonly string[]
  readonly from: string
  readonly headers: string
  /** Decoded. */
  readonly text: string
  readonly subject: string
}

export interface MailServer {
  readonly port: number
  readonly url: URL
  readonly mails: readonly ReceivedMail[]
  /** The newest mail to this address once there are so many. */
  mailTo(address: string, count?: number): Promise<ReceivedMail>
  close(): Promise<void>
}

/** Starts on loopback; closed after the test, or the file's tests, that started it. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = []
  const waiting = new Set<() => void>()
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    ...options,
    onData(stream, session, done) {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          to: rcptTo.map(({ address }) => address),
          from: mailFrom === false ? '' : mailFrom.address,
          ...parsed(Buffer.concat(pieces).toString('utf8')),
        })
        done()
        for (const look of waiting) look()
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo
  let closed: Promise<void> | null = null
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => server.close(() => resolve()))
    return closed
  }
  if (expect.getState().currentTestName === undefined) afterAll(close)
  else onTestFinished(close)
  return {
    port,
    url: new URL(`smtp://127.0.0.1:${port}`),
    mails,
    mailTo: (address, count = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = mails.filter(({ to }) => to.includes(address))
          const newest = found.at(-1)
          if (newest === undefined || found.length < count) return
          waiting.delete(look)
          resolve(newest)
        }
        waiting.add(look)
        look()
      }),
    close,
  }
}

/** The link in a mail, whole. */
export function linkIn({ text }: ReceivedMail): URL {
  const found = /https?:\/\/\S+[?]link=\S+/.exec(text)?.[0]
  if (found === undefined) throw new Error(`There is no link in:\n${text}`)
  return new URL(found)
}

function parsed(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'subject'> {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const headers = head.replace(/\r\n[ \t]+/g, ' ')
  const body = rest.join('\r\n\r\n')
  const coding = /^content-transfer-encoding: *(\S+)/im.exec(headers)?.[1]?.toLowerCase()
  const subject = /^subject: *(.*)$/im.exec(headers)?.[1]?.trim() ?? ''
  return { headers, text: decoded(body, coding), subject: words(subject) }
}

function decoded(body: string, coding: string | undefined): string {
  if (coding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (coding !== 'quoted-printable') return body
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([\dA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function words(subject: string): string {
  return subject
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_all, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : decoded(text.replaceAll('_', ' '), 'quoted-printable'),
    )
}
