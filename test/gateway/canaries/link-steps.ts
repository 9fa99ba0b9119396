/** Somebody follows the links of mails: to a new password, to an account, to another address. */
import type { Harness } from '../harness.ts'
import { linkIn, type MailServer } from '../mail-server.ts'
import { Visitor } from '../visitor.ts'
import { other, own, type Scene, word } from './scene.ts'

export async function byLinks({ canaries }: Scene, to: Harness, mail: MailServer): Promise<void> {
  const chosen = canaries.hide('a password set by a link', word('dulse'))
  const visitor = new Visitor(to)
  const follow = async (address: string, count?: number): Promise<string> => {
    const { pathname, search, searchParams } = linkIn(await mail.mailTo(address, count))
    // In the mail, in the address that is opened, and in the cookie that it becomes.
    canaries.hide(
      'the token of a link',
      searchParams.get('link') ?? '',
      new RegExp(`^mail$|^(?:address|cookie) of GET ${pathname}$`),
    )
    await visitor.get(pathname + search)
    await visitor.get(pathname)
    return pathname
  }
  await visitor.get(`${own}/forgot-password`)
  await visitor.post(`${own}/forgot-password`, { account: other.userId })
  const reset = await follow(other.email)
  await visitor.post(reset, { new_password: 'password1' })
  await visitor.post(reset, { new_password: chosen })
  await visitor.post(reset, { new_password: chosen })
  await visitor.get(`${own}/forgot-username`)
  await visitor.post(`${own}/forgot-username`, { email: other.email })
  await visitor.get(`${own}/register`)
  await visitor.post(`${own}/register`, { email: 'cleo@tangwald.example' })
  const register = await follow('cleo@tangwald.example')
  await visitor.post(register, { username: 'cleo', name: 'Cleo', new_password: 'password1' })
  await visitor.post(register, { username: 'cleo', name: 'Cleo', new_password: chosen })
  await visitor.enter(other.userId, chosen)
  await visitor.get(`${own}/account/details`)
  const moved = { action: 'email', email: 'moved@tangwald.example', password: chosen }
  await visitor.post(`${own}/account/details`, moved)
  await visitor.post(await follow(moved.email), {})
}
