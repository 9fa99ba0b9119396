/** Showing once more who one is, for a path or a page that asks for it; then back to it, under another token. */
import { type FactorRecord, hasFactor } from '../../auth/factor-record.ts'
import { readFormCookie } from '../../core/form-cookie.ts'
import { returnPath } from '../../core/return-to.ts'
import type { Shown } from '../../core/session.ts'
import { type FactorNotice, factorFields, factorPage } from '../../pages/factor.ts'
import { readForm } from '../../pages/form.ts'
import { ownPath } from '../../pages/own-path.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import type { GatewayParts } from '../parts.ts'
import type { ProviderChoice } from '../people.ts'
import { sendProblem } from '../problems.ts'
import { parameter } from '../target.ts'
import { readBody, sendOn, sendPage, type Visit } from '../visit.ts'
import { answerOf, factorAsks } from './factor.ts'
import { formRefusal, isFormToken, isShownToPerson, shownForm } from './own-form.ts'
import { hasPassword, proofOf, type SignedIn, signInName } from './own-proof.ts'
import { noteShown } from './shown-again.ts'

const longestForm = 32_768

export async function stepUpRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request, response, target } = visit
  if (!isShownToPerson(request)) return sendProblem(parts, visit, 'forbidden')
  const { session } = visit.presented
  const wanted = parameter(target.query, 'return_to')
  if (session === null || session.identity === null) {
    const back = encodeURIComponent(returnPath(wanted, parts.site.base))
    return sendOn(response, `${ownPath(parts.site.base, 'sign-in')}?return_to=${back}`)
  }
  const mine: SignedIn = { ...session, identity: session.identity }
  const record = await parts.factors.of(mine.identity)
  if (request.method !== 'POST') {
    // What asks for a factor is not content with a password: one has to be added first, unless the provider has one.
    const mayShow = hasFactor(record) || providerOf(parts, mine)?.provider.vouchesFactors === true
    if (parameter(target.query, 'factor') === '1' && !mayShow)
      return sendOn(response, ownPath(parts.site.base, 'account/factors'))
    return show(parts, visit, mine, record, returnPath(wanted, parts.site.base))
  }
  await submit(parts, visit, mine, record)
}

async function submit(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  record: FactorRecord,
): Promise<void> {
  const { request, response } = visit
  const refusal = formRefusal(parts, request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
  const returnTo = returnPath(form.get(signInFields.returnTo) ?? null, parts.site.base)
  if (!isFormToken(parts, request, form.get(signInFields.token), 'step-up'))
    return show(parts, visit, mine, record, returnTo, { kind: 'form' })
  const outcome = hasFactor(record)
    ? await byFactor(parts, visit, mine, form)
    : await byPassword(parts, visit, mine, form)
  if ('kind' in outcome) return show(parts, visit, mine, record, returnTo, outcome)
  const cookie = await noteShown(parts, visit, outcome)
  if (cookie === null) return sendOn(response, ownPath(parts.site.base, 'sign-in'))
  const { sid, identity } = mine
  parts.onEvent({ event: 'step_up_succeeded', sid, userId: identity.userId, address: visit.address })
  sendOn(response, returnTo, { 'set-cookie': [cookie] })
}

async function byFactor(
  parts: GatewayParts,
  { request, address }: Visit,
  { identity }: SignedIn,
  form: ReadonlyMap<string, string>,
): Promise<FactorNotice | Shown> {
  const binding = readFormCookie(request.headers.cookie, parts.formCookieName) ?? ''
  const shown = await parts.factors.show(identity, answerOf(form), { binding, address })
  // SECURITY: not the time of their sign-in too: whoever is asked for both would get by with this one.
  if (shown.kind === 'shown') return { factorAt: shown.at }
  return shown.kind === 'throttled' ? shown : { kind: 'wrong' }
}

async function byPassword(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  form: ReadonlyMap<string, string>,
): Promise<FactorNotice | Shown> {
  // Who is vouched for by a provider shows it there.
  if (!hasPassword(parts, mine.identity)) return { kind: 'stale' }
  const at = parts.now()
  const doubt = await proofOf(parts, visit, mine, form.get(factorFields.password) ?? '')
  return doubt ?? { authenticatedAt: at }
}

function show(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  record: FactorRecord,
  returnTo: string,
  notice?: FactorNotice,
): void {
  const form = shownForm(parts, visit.request, 'step-up')
  const choice = providerOf(parts, mine)
  const asked = hasFactor(record)
  const href = `${ownPath(parts.site.base, `oidc/${choice?.name ?? ''}`)}?fresh=1&return_to=${encodeURIComponent(returnTo)}`
  const page = factorPage({
    ...factorAsks(parts, visit, record, form.binding),
    ...{ page: 'step-up', token: form.token, returnTo, user: signInName(mine.identity), notice },
    password: !asked && choice === undefined,
    provider: asked || choice === undefined ? null : { label: choice.label, href },
  })
  sendPage(visit.response, page, [form.cookie])
}

function providerOf({ people }: GatewayParts, { identity }: SignedIn): ProviderChoice | undefined {
  return people.providers.find(({ provider }) => provider.name === identity.authenticator)
}
