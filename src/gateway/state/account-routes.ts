/** What people do about their accounts in forms of the app's. */
import {
  type AppAsker,
  appChangePassword,
  appForgotPassword,
  appForgotUsername,
  appGuest,
  appRegister,
  appUpdateDetails,
} from '../app-account.ts'
import { type AppPeople, ended, passOf } from './sign-in-routes.ts'
import { sendFault, sendJson } from './state-answer.ts'
import { isMap } from './state-request.ts'
import type { UrlSessionCall } from './url-session-routes.ts'

type Texts = Readonly<Record<string, string>>
type Answer = { readonly outcome: string; readonly what?: string }
type Act = (asker: AppAsker, texts: Texts, body: Readonly<Record<string, unknown>>) => Promise<Answer>
type Route = (call: UrlSessionCall) => Promise<void>

const longestForm = 16_384

/** The paths and what answers them. */
export function accountRoutes(parts: AppPeople): ReadonlyMap<string, Route> {
  const form = (who: 'anybody' | 'nobody' | 'somebody', names: readonly string[], act: Act): Route =>
    formRoute(parts, who, names, act)
  return new Map([
    ['/register', form('anybody', ['email'], (asker, { email = '' }) => appRegister(parts, email, asker))],
    [
      '/forgot-password',
      form('anybody', ['account'], (asker, { account = '' }) => appForgotPassword(parts, account, asker)),
    ],
    [
      '/forgot-username',
      form('anybody', ['email'], (asker, { email = '' }) => appForgotUsername(parts, email, asker)),
    ],
    ['/sign-in-as-guest', form('nobody', [], (asker) => appGuest(parts, asker))],
    [
      '/change-password',
      form('somebody', ['current', 'next'], (asker, { current = '', next = '' }) =>
        appChangePassword(parts, asker, { current, next }),
      ),
    ],
    [
      '/update-details',
      form('somebody', ['password'], (asker, { password = '', name, email }, { fields }) =>
        appUpdateDetails(parts, asker, {
          password,
          wanted: {
            ...(name !== undefined && { name }),
            ...(email !== undefined && { email }),
            fields: textsOf(fields),
          },
        }),
      ),
    ],
  ])
}

function formRoute(
  parts: AppPeople,
  who: 'anybody' | 'nobody' | 'somebody',
  names: readonly string[],
  act: Act,
): Route {
  return async (call) => {
    const { response, body } = call
    const texts = isMap(body) ? Object.fromEntries(textsOf(body)) : {}
    const isShort = JSON.stringify(body).length <= longestForm
    if (!isMap(body) || !isShort || names.some((name) => texts[name] === undefined)) {
      const wanted = names.map((name) => `\`${name}\``).join(' and ')
      const detail = `The body must be a JSON object of at most ${longestForm} characters, with ${wanted || 'nothing'} as text.`
      return sendFault(response, 400, { code: 'ERR_STATE_REQUEST', detail })
    }
    const pass = passOf(parts, call, who)
    if ('code' in pass) return sendFault(response, 400, pass)
    const answer = await act({ pass, address: pass.address, acceptLanguage: texts.language }, texts, body)
    if (answer.outcome === 'gone') return sendFault(response, 410, ended)
    if (answer.outcome === 'not-configured') {
      const detail = `This gateway does not do that: its configuration has no \`${answer.what}\`.`
      return sendFault(response, 400, { code: 'ERR_NOT_CONFIGURED', detail })
    }
    sendJson(response, JSON.stringify(answer))
  }
}

function textsOf(given: unknown): ReadonlyMap<string, string> {
  const entries = isMap(given) ? Object.entries(given) : []
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
