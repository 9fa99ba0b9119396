/** A gateway with mail and registration, and a browser that follows the links it sends. */
import { expect } from 'vitest'
import type { SelfServiceConfig } from '../../../src/gateway/config-self-service.ts'
import { type Harness, startHarness } from '../harness.ts'
import type { HarnessOptions } from '../harness-options.ts'
import { linkIn, type MailServer, startMailServer } from '../mail-server.ts'
import { type FormBrowser, formBrowser } from './browser-form.ts'

export const own = '/_holdfast'
export const fresh = 'kelp grows a foot a day'
const fields = [
  { name: 'company', label: 'Company', required: true },
  { name: 'phone', label: 'Phone', required: false },
]
export const registration: NonNullable<SelfServiceConfig['registration']> = {
  open: true,
  domains: [],
  emails: [],
  fields,
  roles: ['viewer'],
}

export async function stage(
  options: HarnessOptions = {},
): Promise<{ to: Harness; mail: MailServer; at: FormBrowser }> {
  const mail = await startMailServer()
  const to = await startHarness({
    ...options,
    selfService: {
      ...{ mail: { url: mail.url, from: 'kelp@example.org', password: null }, registration },
      ...options.selfService,
    },
  })
  return { to, mail, at: formBrowser(to) }
}

/** Follows the link of a mail to the page it leads to. */
export async function follow(
  at: FormBrowser,
  mail: Awaited<ReturnType<MailServer['mailTo']>>,
): Promise<string> {
  const link = linkIn(mail)
  const sent = await at.open(link.pathname + link.search)
  expect(sent.status).toBe(303)
  expect(sent.headers['referrer-policy']).toBe('no-referrer')
  const clean = String(sent.headers.location)
  expect(clean).toBe(link.pathname)
  return clean
}
