# Kills groups of processes: when told, and all of them when the cloud is gone, however it went.
trap '' HUP INT TERM
groups=
while read -r verb group; do
  case $verb in
    watch) groups="$groups $group" ;;
    kill) kill -9 "-$group" ;;
    forget)
      kept=
      for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
      groups=$kept
      ;;
  esac
done
for group in $groups; do kill -9 "-$group"; done
