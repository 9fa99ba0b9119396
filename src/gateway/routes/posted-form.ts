/** A form of ours that was posted, as far as it may be read. */
import type { FormPurpose } from '../../core/form-token.ts'
import { readForm } from '../../pages/form.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { readBody, type Visit } from '../visit.ts'
import { formRefusal, isFormToken } from './own-form.ts'

const longestForm = 32_768

/** Its fields; `form` if it was not shown to this browser lately; `null` if the request is answered already. */
export async function postedForm(
  parts: GatewayParts,
  visit: Visit,
  purpose: FormPurpose,
): Promise<ReadonlyMap<string, string> | 'form' | null> {
  const refusal = formRefusal(parts, visit.request)
  if (refusal !== null) {
    sendProblem(parts, visit, refusal)
    return null
  }
  const body = await readBody(visit.request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) {
    sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
    return null
  }
  return isFormToken(parts, visit.request, form.get(signInFields.token), purpose) ? form : 'form'
}
