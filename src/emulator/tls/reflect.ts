/**
 * The four functions of the Reflect metadata proposal that `@peculiar/x509` asks for when it is loaded (through tsyringe). It only looks
 * up what its own decorators stored, so a map of maps is enough. An implementation that is there already is left alone.
 */
type MetadataReflect = typeof Reflect & {
  defineMetadata?(key: unknown, value: unknown, target: object): void;
  getOwnMetadata?(key: unknown, target: object): unknown;
  getMetadata?(key: unknown, target: object): unknown;
  metadata?(key: unknown, value: unknown): (target: object) => void;
};

const reflect = Reflect as MetadataReflect;

if (!reflect.getMetadata) {
  const store = new WeakMap<object, Map<unknown, unknown>>();

  const defineMetadata = (key: unknown, value: unknown, target: object) => {
    const own = store.get(target) ?? new Map<unknown, unknown>();
    store.set(target, own.set(key, value));
  };
  const getOwnMetadata = (key: unknown, target: object) => store.get(target)?.get(key);
  const getMetadata = (key: unknown, target: object): unknown => {
    for (let at: object | null = target; at; at = Object.getPrototypeOf(at)) {
      if (store.get(at)?.has(key)) return getOwnMetadata(key, at);
    }
    return undefined;
  };

  Object.assign(reflect, {
    defineMetadata,
    getOwnMetadata,
    getMetadata,
    metadata: (key: unknown, value: unknown) => (target: object) => defineMetadata(key, value, target),
  });
}
