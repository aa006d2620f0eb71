import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";
import { resetSecret } from "@/account/SignInWays";
import { onResync } from "@/api/live";
import { useSession } from "@/api/session";
import { Unreachable } from "@/ui/Calm";
import { client } from "./client";
import { router } from "./router";
import { ReSignIn, SignIn } from "./SignIn";
import { cssVariables, theme } from "./theme";

const schemes = localStorageColorSchemeManager({ key: "rapport.scheme" });

function Gate() {
  const session = useSession();
  useEffect(() => onResync(() => void client.invalidateQueries()), []);
  if (resetSecret()) return <SignIn />; // a link for a new password counts whoever is signed in here
  switch (session.status) {
    case "loading":
      return null;
    case "unreachable":
      return <Unreachable />;
    case "anonymous":
      return <SignIn />;
    default:
      return (
        <>
          <RouterProvider router={router} />
          {session.status === "expired" && <ReSignIn session={session.session} />}
        </>
      );
  }
}

/** The whole interface: theme, data, notices, and the gate of the session. */
export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} colorSchemeManager={schemes} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <Notifications position="bottom-center" limit={3} zIndex={400} />
        <Gate />
      </QueryClientProvider>
    </MantineProvider>
  );
}
