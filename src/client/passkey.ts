/** Asks the device for a passkey, on our own pages; its answer goes with the form that asked. */

interface Ask {
  readonly kind: 'create' | 'get'
  readonly options: Readonly<Record<string, unknown>>
}

interface Described {
  readonly id: string
}

const toBytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))

const toText = (buffer: ArrayBuffer | null | undefined): string | undefined =>
  buffer == null
    ? undefined
    : btoa(String.fromCharCode(...new Uint8Array(buffer)))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '')

/** JSON has no bytes; the browsers that could read it by themselves are too new to count on. */
function read({ options }: Ask): never {
  const list = (name: string): unknown =>
    (options[name] as readonly Described[] | undefined)?.map((one) => ({ ...one, id: toBytes(one.id) }))
  const user = options.user as Described | undefined
  return {
    ...options,
    challenge: toBytes(options.challenge as string),
    allowCredentials: list('allowCredentials'),
    excludeCredentials: list('excludeCredentials'),
    ...(user && { user: { ...user, id: toBytes(user.id) } }),
  } as never
}

function write({ id, rawId, type, response }: PublicKeyCredential): string {
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } =
    response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse
  const transports =
    'getTransports' in response ? (response as AuthenticatorAttestationResponse).getTransports() : undefined
  return JSON.stringify({
    ...{ id, type, rawId: toText(rawId), clientExtensionResults: {} },
    response: {
      clientDataJSON: toText(clientDataJSON),
      attestationObject: toText(attestationObject),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: toText(userHandle),
      transports,
    },
  })
}

function prepare(form: HTMLFormElement): void {
  const ask = JSON.parse(form.dataset.passkey ?? '') as Ask
  const button = form.querySelector('button')
  const trouble = form.querySelector<HTMLElement>('[data-trouble]')
  const field = form.elements.namedItem('passkey') as HTMLInputElement
  if (button === null || trouble === null) return
  button.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    trouble.hidden = true
    const publicKey = read(ask)
    navigator.credentials[ask.kind]({ publicKey }).then(
      (made) => {
        field.value = write(made as PublicKeyCredential)
        // Sends it without asking here again.
        form.submit()
      },
      () => {
        trouble.hidden = false
        button.focus()
      },
    )
  })
}

if ('PublicKeyCredential' in window) {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-passkey]')) prepare(form)
}
