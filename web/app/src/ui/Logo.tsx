export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="logo">
      <rect x="2" y="3" width="28" height="26" rx="6" fill="currentColor" />
      <path d="M8 12h16M8 18h16M8 24h16M15 12v12" stroke="#fff" strokeWidth="2" opacity=".9" />
      <circle cx="24" cy="9" r="5" fill="#fff" /><path d="m21.6 9 1.7 1.7 3-3.2" stroke="currentColor" strokeWidth="1.6" fill="none" />
    </svg>
  );
}
