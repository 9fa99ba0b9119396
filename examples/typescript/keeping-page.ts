/** What the pages of `keeping.ts` look like. */

const ways: Readonly<Record<string, string>> = {
  Values: '/',
  'An object': '/object',
  'The person': '/person',
  Live: '/live',
  'In the address': '/address',
}

export function page(title: string, body: string): string {
  const links = Object.entries(ways).map(([name, path]) =>
    name === title ? `<a href="${path}" aria-current="page">${name}</a>` : `<a href="${path}">${name}</a>`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} · Ways of keeping</title>
<style>
  :root { color-scheme: light dark }
  body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
  nav { display: flex; flex-wrap: wrap; gap: 1rem; margin-bottom: 2rem }
  nav [aria-current] { font-weight: 600; text-decoration: none; color: inherit }
  form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: 1rem 0 }
  label { display: grid; gap: .25rem }
  input, textarea, button { font: inherit; padding: .5rem .75rem }
  textarea { box-sizing: border-box; width: 100% }
  output { opacity: .7 }
</style>
<nav aria-label="Ways of keeping">${links.join('')}</nav>
<main>
<h1>${title}</h1>
${body}
</main>
</html>
`
}

export function form(path: string, inside: string): string {
  return `<form method="post" action="${escaped(path)}">${inside}</form>`
}

export function field(name: string, label: string, type: string = 'text'): string {
  return `<label>${label} <input name="${name}" type="${type}" required></label>`
}

export function button(text: string): string {
  return `<button>${text}</button>`
}

export function list(items: readonly (string | number)[], otherwise: string): string {
  if (items.length === 0) return `<p>${otherwise}</p>`
  return `<ul>${items.map((item) => `<li>${escaped(String(item))}`).join('')}</ul>`
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
}
