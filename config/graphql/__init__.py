"""GraphQL at /graphql: the apps' types joined, its limits, its view and its socket."""
