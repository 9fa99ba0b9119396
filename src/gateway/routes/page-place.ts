/** What every page of ours that shows a form needs to know of the place it is shown in. */
import type { FormPurpose } from '../../core/form-token.ts'
import type { PageContext } from '../../pages/page-response.ts'
import type { GatewayParts } from '../parts.ts'
import type { Asker } from '../self-service/asking.ts'
import type { Visit } from '../visit.ts'
import { shownForm } from './own-form.ts'

/** The place and the form's token, and the Set-Cookie line that binds it to this browser. */
export function pagePlace(
  parts: GatewayParts,
  visit: Visit,
  purpose: FormPurpose,
): { readonly place: PageContext & { readonly token: string }; readonly cookie: string } {
  const form = shownForm(parts, visit.request, purpose)
  return { place: { ...barePlace(parts, visit), token: form.token }, cookie: form.cookie }
}

/** The same for a page without a form. */
export function barePlace({ app, site }: GatewayParts, { request }: Visit): PageContext {
  const acceptLanguage = request.headers['accept-language']
  return { app, base: site.base, secure: site.secure, acceptLanguage }
}

/** Who asks. */
export function askerOf({ address, request }: Visit): Asker {
  return { address, acceptLanguage: request.headers['accept-language'] }
}
