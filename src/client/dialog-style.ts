/**
 * How the warning looks: a card on a desk, a sheet at the foot of a phone. System colours make it light, dark
 * or high in contrast as the person likes it.
 */
export const dialogStyle: string = [
  ':host{all:initial}',
  'dialog{color-scheme:light dark;box-sizing:border-box;width:min(26rem,100% - 2rem);max-width:none;padding:1.75rem;',
  'border:1px solid #8884;border-radius:1rem;font:1rem/1.5 system-ui,sans-serif;box-shadow:0 1rem 4rem #0008}',
  '::backdrop{background:#0008}',
  'h2{margin:0;font-size:1.15rem}',
  'p{margin:.5rem 0 0}',
  'b{font-variant-numeric:tabular-nums}',
  'i{display:block;height:.4rem;margin:1.25rem 0;border-radius:1rem;background:#0c7a67}',
  'div{display:flex;flex-flow:row-reverse wrap;gap:.75rem}',
  'button{flex:1 9rem;padding:.75rem;border:1px solid #8888;border-radius:.5rem;font:inherit;font-weight:600;cursor:pointer;',
  'color:CanvasText;background:none}',
  'button:first-child{color:#fff;background:#0c7a67}',
  ':focus-visible{outline:3px solid #0c7a67;outline-offset:2px}',
  ':disabled{opacity:.6}',
  '@media(max-width:30rem){dialog{width:100%;margin-bottom:0;border-radius:1rem 1rem 0 0}}',
].join('')
