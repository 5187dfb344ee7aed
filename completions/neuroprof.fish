# SPDX-License-Identifier: MIT
# fish completion for neuroprof.

function __neuroprof_no_command
    test (count (commandline -opc)) -eq 1
end

# Behind the options of record stands a command of its own; prints it and what follows.
function __neuroprof_recorded
    set -l words (commandline -opc)[3..-1]
    while set -q words[1]
        switch $words[1]
            case -F --frequency -o --output --clock --unwinder
                set -e words[1]
            case --
                set -e words[1]
                break
            case '-*'
            case '*'
                break
        end
        set -q words[1]; and set -e words[1]
    end
    string escape -- $words
end

function __neuroprof_record_option
    __fish_seen_subcommand_from record; and test -z "$(__neuroprof_recorded)"
end

complete -c neuroprof -f
complete -c neuroprof -n __neuroprof_no_command -a record -d 'Profile a command and its children'
complete -c neuroprof -n __neuroprof_no_command -a recover -d 'Fold what killed processes left behind'
complete -c neuroprof -n __neuroprof_no_command -a doctor -d 'What is in the way of profiling here'
complete -c neuroprof -n __neuroprof_no_command -a ls -d 'The processes that are being profiled'
complete -c neuroprof -n __neuroprof_no_command -a top -d 'Functions and threads of a running process'
complete -c neuroprof -n __neuroprof_no_command -a snapshot -d 'The profile of a running process as it is now'
complete -c neuroprof -n __neuroprof_no_command -a start -d 'Switch sampling on in a running process'
complete -c neuroprof -n __neuroprof_no_command -a stop -d 'Switch it off'
complete -c neuroprof -n __neuroprof_no_command -a rate -d 'Take fewer samples of a running process'
complete -c neuroprof -n __neuroprof_no_command -a dump -d 'The stack of every thread, of any process'
complete -c neuroprof -n __neuroprof_no_command -l help -d 'List the commands'
complete -c neuroprof -n __neuroprof_no_command -l version -d 'Say the version'

complete -c neuroprof -n __neuroprof_record_option -s F -l frequency -x -a '99 499 997' -d 'Samples a second and thread'
complete -c neuroprof -n __neuroprof_record_option -s o -l output -x -a '(__fish_complete_directories)' -d 'Where the profiles go'
complete -c neuroprof -n __neuroprof_record_option -l clock -x -a 'auto perf timer itimer' -d 'What makes the ticks'
complete -c neuroprof -n __neuroprof_record_option -l unwinder -x -a 'auto cfi fp libunwind' -d 'How stacks are walked'
complete -c neuroprof -n __neuroprof_record_option -l no-children -d 'Not the processes that it starts'
complete -c neuroprof -n __neuroprof_record_option -s q -l quiet -d 'No summary'
complete -c neuroprof -n __neuroprof_record_option -l help -d 'Say what it does'
complete -c neuroprof -n '__fish_seen_subcommand_from record' -a '(complete -C "$(__neuroprof_recorded) $(commandline -ct)")'

complete -c neuroprof -n '__fish_seen_subcommand_from recover' -s o -l output -x -a '(__fish_complete_directories)' -d 'Where the profiles go'
complete -c neuroprof -n '__fish_seen_subcommand_from recover' -s q -l quiet -d 'Say nothing when all is well'
complete -c neuroprof -n '__fish_seen_subcommand_from recover' -l help -d 'Say what it does'
complete -c neuroprof -n '__fish_seen_subcommand_from recover' -a '(__fish_complete_directories)'

complete -c neuroprof -n '__fish_seen_subcommand_from doctor' -l json -d 'All findings as an object'
complete -c neuroprof -n '__fish_seen_subcommand_from doctor' -a '(__fish_complete_command)'
complete -c neuroprof -n '__fish_seen_subcommand_from ls' -l json -d 'An array of objects'

function __neuroprof_profiled
    neuroprof ls 2>/dev/null | awk 'NR > 1 { print $1 "\t" $2 }'
end

complete -c neuroprof -n '__fish_seen_subcommand_from top snapshot start stop rate' -a '(__neuroprof_profiled)'
complete -c neuroprof -n '__fish_seen_subcommand_from dump' -a '(__fish_complete_pids)'
complete -c neuroprof -n '__fish_seen_subcommand_from doctor ls top snapshot start stop rate dump' -l help -d 'Say what it does'
complete -c neuroprof -n '__fish_seen_subcommand_from snapshot' -s o -l output -x -a '(__fish_complete_directories)' -d 'Where the profile goes'
complete -c neuroprof -n '__fish_seen_subcommand_from snapshot' -s q -l quiet -d 'No summary'
complete -c neuroprof -n '__fish_seen_subcommand_from top' -s n -l reports -x -d 'Print so many'
complete -c neuroprof -n '__fish_seen_subcommand_from top' -s d -l delay -x -d 'Seconds between two looks'
complete -c neuroprof -n '__fish_seen_subcommand_from top' -s s -l sort -x -a 'self total' -d 'By what'
complete -c neuroprof -n '__fish_seen_subcommand_from top' -s c -l cumulative -d 'Count since the process began'
complete -c neuroprof -n '__fish_seen_subcommand_from top' -s r -l rows -x -d 'How many functions'
complete -c neuroprof -n '__fish_seen_subcommand_from top' -s p -l plain -d 'Text on a terminal, too'
