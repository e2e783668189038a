/** What is used of the interface that the WebAssembly standard gives to JavaScript, where there is one. */
declare const WebAssembly:
  | {
      readonly validate: (bytes: Uint8Array) => boolean;
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
    }
  | undefined;

/** Gives the exports of a new instance of a module, with a memory of its own. */
export type Instantiate = () => unknown;

/** Compiles a module; undefined where the machine or the runtime has no WebAssembly, or lacks what the module uses of it. */
export function compileModule(base64: string): Instantiate | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  const { validate, Module, Instance } = WebAssembly;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (!validate(bytes)) return undefined;
  const compiled = new Module(bytes);
  return () => new Instance(compiled).exports;
}
