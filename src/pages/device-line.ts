import { deviceName } from './device-name.ts'
import { type Html, html } from './html.ts'
import type { Texts } from './texts.ts'

/** A browser that somebody is signed in with. */
export interface AccountDevice {
  /** Names it in the form; no credential, and no id of the store. */
  readonly mark: string
  readonly userAgent: string
  readonly address: string
  readonly since: number
  readonly lastSeen: number
  /** Whether it is the one that asks. */
  readonly isThis: boolean
}

/** What a device is called, for people. */
export function deviceLabel({ userAgent }: AccountDevice, texts: Texts): string {
  return deviceName(userAgent) ?? texts.account.unknownDevice
}

/** A device in a list: what, where, since when, and when it was last seen. */
export function deviceLine(device: AccountDevice, now: number, texts: Texts): Html {
  const { address, since, lastSeen, isThis } = device
  return html`<div>
<strong>${deviceLabel(device, texts)}</strong>${isThis && html` <span class="badge">${texts.account.thisDevice}</span>`}
<span class="hint">${address} · ${texts.account.since(day(since, texts))} · ${texts.account.seen(ago(lastSeen, now, texts))}</span>
</div>`
}

function day(at: number, { language }: Texts): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(at)
}

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

function ago(at: number, now: number, { language, account }: Texts): string {
  const age = Math.max(0, now - at)
  const [unit, length] = units.find(([, size]) => age >= size) ?? ['minute', 0]
  if (length === 0) return account.justNow
  return new Intl.RelativeTimeFormat(language, { numeric: 'always' }).format(-Math.floor(age / length), unit)
}
