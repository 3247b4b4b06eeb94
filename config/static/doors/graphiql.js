"use strict";
// The editor at /graphql. Who is signed in to the admin asks with that session; a token goes into "Headers".
(() => {
  const cookie = document.cookie.split("; ").find((each) => each.startsWith("csrftoken="));
  const headers = cookie ? { "X-CSRFToken": cookie.slice("csrftoken=".length) } : {};
  const address = window.location.href.split(/[?#]/)[0];
  // The socket cannot send what stands in "Headers": it goes along in `connection_init`.
  let given = {};
  const wsClient = graphqlWs.createClient({
    url: address.replace(/^http/, "ws"), lazy: true, retryAttempts: 0, connectionParams: () => given,
  });
  const ask = GraphiQL.createFetcher({ url: address, headers, wsClient });
  const fetcher = (operation, options) => {
    given = (options && options.headers) || {};
    return ask(operation, options);
  };
  const example = `# Ctrl-Enter sends it. Not signed in? Put into "Headers":
# {"Authorization": "Bearer …"}
query Assets {
  assets(pagination: { limit: 5 }) {
    data { id type qualifiedName tags { name } }
    pagination { total hasMore }
  }
}
`;
  ReactDOM.render(
    React.createElement(GraphiQL, { fetcher, defaultQuery: example, shouldPersistHeaders: false }),
    document.getElementById("editor"),
  );
})();
