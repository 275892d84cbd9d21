// A browser wallet as pages see one: EIP-1193 requests, announced by EIP-6963. Keys and answers are on the other side
// of `walletRequest`, which the test binds.
(() => {
  const listeners = new Map();
  const emit = (event, value) => {
    for (const listener of listeners.get(event) ?? []) listener(value);
  };
  const provider = {
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      return provider;
    },
    removeListener(event, listener) {
      listeners.set(
        event,
        (listeners.get(event) ?? []).filter((known) => known !== listener),
      );
      return provider;
    },
    async request({ method, params }) {
      const { result, error, events } = await window.walletRequest({ method, params: params ?? [] });
      for (const [event, value] of events) emit(event, value);
      if (error) throw Object.assign(new Error(error.message), error);
      return result;
    },
  };
  const info = Object.freeze({
    uuid: "8f4f6f0e-5a0a-4a3c-9f0e-000000000001",
    name: "Test Wallet",
    icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><rect width='8' height='8' rx='2' fill='%23f6851b'/></svg>",
    rdns: "org.quantatrade.testwallet",
  });
  const announce = () =>
    window.dispatchEvent(
      new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }),
    );
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
